import t from 'tap'
import { zone } from '../../config/zone.ts'
import type { ConfigFacts } from '../../config/facts.ts'
import type { SystemConfig } from '../../config/system.types.ts'

const check = (env: Record<string, string>): string[] =>
  zone.run({ app: { env } } as unknown as SystemConfig, {} as ConfigFacts).map(({ text }) => text)

for (const name of [
  'UTC',
  'Europe/Berlin',
  'America/Argentina/Buenos_Aires',
  'US/Pacific',
  'Etc/GMT+3',
  'Asia/Kolkata',
]) {
  await t.test(`${name} is a time zone`, (t) => {
    t.strictSame(check({ TZ: name }), [])
    t.end()
  })
}

await t.test('an unknown time zone is rejected', (t) => {
  t.strictSame(check({ TZ: 'Europe/Berln' }), [
    'must be the name of a time zone, such as "Europe/Berlin", got "Europe/Berln"; did you mean "Europe/Berlin"?',
  ])
  for (const name of ['europe/berlin', '+01:00', 'CET-1CEST', '', '../etc/passwd'])
    t.equal(check({ TZ: name }).length, 1, name)
  t.strictSame(check({}), [])
  t.end()
})
