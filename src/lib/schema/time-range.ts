import Type from './type.js'

const DateTime = Type.String({ format: 'date-time' })

/** Query parameters. Both ends are inclusive, to the millisecond. */
export const timeRange = { from: Type.Optional(DateTime), to: Type.Optional(DateTime) }

/** Converts `from` and `to` to dates; those that the client left out stay absent. */
export const withTimes = <Q extends { from?: string; to?: string }>({ from, to, ...others }: Q) => ({
  ...others,
  ...(from !== undefined && { from: new Date(from) }),
  ...(to !== undefined && { to: new Date(to) }),
})
