import t from 'tap'
import { runStory } from '../lib/story.ts'

await t.test('app/README.md, "From nothing to a running balancer"', async (t) => {
  const section = { document: 'app/README.md', heading: 'From nothing to a running balancer' }
  const output = await runStory(t, section, [3001, 3002, 8080, 9000, 9100])
  t.equal(output.match(/balancer is up/g)?.length, 2, 'deployed twice')
  const answers = [...output.matchAll(/^from (\d+)$/gm)].map(([, port]) => port)
  t.same(new Set(answers.slice(0, 2)), new Set(['3001', '3002']), 'both serve')
  t.same(answers.slice(2), ['3002', '3002'], 'the new configuration holds')
  t.match(output, /^lb_requests_total\{.*backend="10\.0\.2\.2:3001".*\} 1$/m)
  t.match(output, /\.cpuprofile/, 'a profile was taken')
})
