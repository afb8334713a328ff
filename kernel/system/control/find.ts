import { existsSync, readdirSync, readFileSync } from 'node:fs'

/**
 * The device of the virtio-serial port of a name, e.g. `/dev/vport1p1`; undefined when the machine has none.
 *
 * @param folder with the ports of the machine, `/sys/class/virtio-ports`
 */
export function findPort(name: string, folder: string): string | undefined {
  if (!existsSync(folder)) return undefined
  const port = readdirSync(folder).find(
    (port) => readFileSync(`${folder}/${port}/name`, 'utf8').trim() === name,
  )
  return port === undefined ? undefined : `/dev/${port}`
}
