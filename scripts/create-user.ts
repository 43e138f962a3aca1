/** The seeder, in a checkout. Where only the build is, it is `node dist/scripts/create-user.js`. */
import '../src/scripts/create-user.js'
