import t from 'tap'
import { withCauses } from '../../../deploy/dev/machine.ts'
import { failedContext } from '../../../deploy/release/health.ts'
import { system } from '../failure/fixture.ts'

await t.test('npm run dev names the cause after each failure, once', (t) => {
  const [printed, warned]: [string[], string[]] = [[], []]
  const write = withCauses(
    (text) => printed.push(text),
    { ...failedContext(system()), emulated: true },
    (text) => warned.push(text),
  )
  write(crash('no database').slice(0, 40))
  write(crash('no database').slice(40))
  t.match(warned, [/^the app throws Error: no database \(app\/index\.ts:3\)/])
  write(crash('no database'))
  t.equal(warned.length, 1, 'the same cause once')
  write('{"event":"app.restarting"}\n{"event":"node.exited","status":0}\n')
  t.equal(warned.length, 1, 'after a change the app ends on purpose')
  write('{"event":"node.started"}\n{"event":"app.listening","address":"127.0.0.1","port":8080}\n')
  write('{"event":"health.failed","final":true}\n')
  t.match(
    warned[1],
    /^the app listens on 127\.0\.0\.1:8080 only, which cannot be reached from outside: listen on '::'\n/,
  )
  t.match(
    printed.join(''),
    /^\{"event":"node\.started"\}\n[^]*"final":true\}\n$/,
    'the console is printed whole',
  )
  t.end()
})

function crash(message: string): string {
  return `{"event":"node.started"}
Error: ${message}
    at file:///srv/app/index.ts:3:7

Node.js v24.21.0
{"event":"node.exited","status":1}
`
}
