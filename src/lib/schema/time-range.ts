import { Timestamp } from './schemas.js'
import Type from './type.js'

/** Query parameters. Both ends are inclusive, to the millisecond. */
export const timeRange = { from: Type.Optional(Timestamp), to: Type.Optional(Timestamp) }
