import { reportingCommand } from './command.ts'

await reportingCommand(
  import.meta,
  'status',
  'Shows whether the machine runs and is healthy. The exit status is 3 when it does not run, as with systemctl.',
)
