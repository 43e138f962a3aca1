type Product = {
  /** For people: pages, mails, the title of the API. */
  title: string
  /** For machines: traces, connections to PostgreSQL. Lower-case letters, digits and hyphens. */
  name: string
  /** Where mails come from by default. Undefined: the host of `PUBLIC_URL`. */
  emailDomain?: string
}

/**
 * The only place that names the product. Metrics, cookies, keys in Redis, roles of the database and the
 * texts that are signed do not contain the name: a new one invalidates nothing.
 */
export const PRODUCT: Product = { title: 'Groundwork', name: 'groundwork' }
