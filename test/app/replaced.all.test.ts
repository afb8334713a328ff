import t from 'tap'
import { runStory } from '../lib/story.ts'

await t.test('README.md, "Make your own appliance"', async (t) => {
  const section = { document: 'README.md', heading: 'Make your own appliance' }
  const output = await runStory(t, section, [3000])
  t.match(output, /service is up/)
  t.match(output, /^\{"hello":"machine"\}/m)
})
