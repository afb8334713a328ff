/** Drains the app on SIGTERM, as the system layer does. */
import { drainOnTerminate } from '../../kernel/system/drain.ts'
import { watchServers } from '../../kernel/system/servers.ts'

// tap follows the processes that tests start, and listens in them: the app would seem to end by itself.
process.removeAllListeners('SIGTERM')
drainOnTerminate(watchServers(), 10)
