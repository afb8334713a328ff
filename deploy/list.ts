import { reportingCommand } from './command.ts'

await reportingCommand(
  import.meta,
  'list',
  'Lists the releases of the machine, the newest first, and which one serves.',
)
