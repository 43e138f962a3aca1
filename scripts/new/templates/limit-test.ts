import { pathOf, type Resource } from '../resource.js'

export function limitTest(resource: Resource): string {
  const { one, kebab } = resource.names
  const operation = `POST /api/v1${pathOf(resource).replace(/:(\w+)/g, '{$1}')}`
  return `t.test('creating ${one} has its own limit', async (t) => {
  const creating = operationsOf(app).find(({ name }) => name === '${operation}')
  t.match(creating?.documented, {
    'x-rate-limit': [{ name: '${kebab}', limit: 60, windowSeconds: 60, key: 'user' }],
  })
})`
}
