import t from 'tap'
import { runStory } from './lib/story.ts'

await t.test('README.md, "Quick start"', async (t) => {
  const output = await runStory(t, { document: 'README.md', heading: 'Quick start' }, [8080])
  t.match(output, /^ok$/m, 'the health check responds')
})
