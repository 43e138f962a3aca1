import type { FastifyRequest } from 'fastify'

/** The `Location` of an object that a POST to its collection has created. */
export const locationOf = ({ routeOptions, params }: FastifyRequest, id: string): string =>
  `${routeOptions.url?.replace(/:(\w+)/g, (_, name) => (params as Record<string, string>)[name] ?? '')}/${id}`
