import { reportingCommand } from './command.ts'

await reportingCommand(
  import.meta,
  'status',
  'Shows whether the machine runs, and how. Exit status 3 when it does not, as systemctl has it.',
)
