import type { Test } from 'tap'
import { formatNames, loadFormat } from '../../../build/image/format.ts'
import { makeInput } from './fixture.ts'

// A program: assembles every format in the folder for temporary files, and prints what it wrote.
const input = await makeInput({ teardown: () => undefined } as unknown as Test)
for (const name of await formatNames()) {
  const format = await loadFormat(name)
  for (const { path } of await format.assemble(input)) process.stdout.write(`${path}\n`)
}
