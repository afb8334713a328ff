import { reportingCommand } from './command.ts'

await reportingCommand(
  import.meta,
  'list',
  'Lists the releases of the machine, newest first, and marks the one that serves.',
)
