/** The seeder in a checkout. With only the build, run `node dist/scripts/create-user.js`. */
import '../src/scripts/create-user.js'
