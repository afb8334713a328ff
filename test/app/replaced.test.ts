import t from 'tap'
import { runStory } from '../fixtures/story.ts'

await t.test('"Make your own appliance", as the README tells it', async (t) => {
  const output = await runStory(t, 'Make your own appliance', [3000])
  t.match(output, /service is up/)
  t.match(output, /^\{"hello":"machine"\}/m)
})
