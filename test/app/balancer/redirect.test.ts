import t from 'tap'
import { balancer } from '../../lib/balancer.ts'
import { freePort } from '../../lib/ports.ts'

await t.test(
  'the port of https is left out of a redirect where it is 443, and so is the one that was asked',
  async (t) => {
    const listeners = [
      { port: await freePort(), protocol: 'redirect' },
      { port: await freePort(), protocol: 'redirect', redirectPort: 8443 },
    ]
    const lb = await balancer(t, { listeners })
    const locations = await Promise.all(
      listeners.map(async ({ port }) => {
        const response = await fetch(`http://localhost:${port}/a?b=c`, { redirect: 'manual' })
        return [response.status, response.headers.get('location')]
      }),
    )
    t.same(locations, [
      [308, 'https://localhost/a?b=c'],
      [308, 'https://localhost:8443/a?b=c'],
    ])
    t.equal(lb.process.exitCode, null)
  },
)
