import Type from './type.js'

const DateTime = Type.String({ format: 'date-time' })

/** For a query: both ends included, to the millisecond. */
export const timeRange = { from: Type.Optional(DateTime), to: Type.Optional(DateTime) }

/** The query with its times as dates, and without those that were left out. */
export const withTimes = <Q extends { from?: string; to?: string }>({ from, to, ...others }: Q) => ({
  ...others,
  ...(from !== undefined && { from: new Date(from) }),
  ...(to !== undefined && { to: new Date(to) }),
})
