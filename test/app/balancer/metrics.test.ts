import t from 'tap'
import { Balancer } from '../../../app/balancer.ts'
import { checked } from '../../../app/config.ts'
import { metricsOf } from '../../../app/metrics.ts'

await t.test('counts failures by reason: unavailable, or broken off', (t) => {
  const balancer = new Balancer(checked({ pools: { web: { backends: [{ address: 'a:1' }] } } }))
  const [{ backend } = { backend: undefined }] = balancer.backends()
  backend?.served(5, undefined)
  backend?.completed()
  backend?.served(5, 'responded with 503')
  backend?.served(5, undefined)
  backend?.brokeOff('the connection was closed')
  const values = (name: string): unknown => metricsOf(balancer).find((metric) => metric.name === name)?.values
  const labels = { pool: 'web', backend: 'a:1' }
  t.same(values('lb_requests_total'), [{ labels, value: 3 }])
  t.same(values('lb_failures_total'), [
    { labels: { ...labels, reason: 'unavailable' }, value: 1 },
    { labels: { ...labels, reason: 'broken_off' }, value: 1 },
  ])
  t.end()
})
