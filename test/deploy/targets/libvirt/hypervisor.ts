import { readFileSync, writeFileSync } from 'node:fs'
import type { Virsh } from '../../../../deploy/targets/libvirt/virsh.ts'

interface Domain {
  xml: string
  state: string
  autostart: boolean
}

/** A hypervisor in memory whose virsh can be killed at any command, in the middle of it, too. */
export class Hypervisor implements Virsh {
  readonly domains = new Map<string, Domain>()
  readonly volumes = new Map<string, string>()
  /** Commands until it is killed. */
  left = Infinity
  /** Whether the last one has begun to fill its volume. */
  inTheMiddle = false
  /** Returns the output of a machine that starts, by its definition. */
  prints = (_xml: string): string => '{"time":"2026-01-01T00:00:00Z","event":"health.ok"}\n'

  words(...command: string[]): [string, ...string[]] {
    return ['virsh', ...command]
  }

  async ask(...command: string[]): Promise<string | undefined> {
    if (this.left <= 0) throw new Error('killed')
    this.left -= 1
    return this.#run(command, this.left === 0)
  }

  async run(...command: string[]): Promise<string> {
    const answer = await this.ask(...command)
    if (answer === undefined) throw new Error(`virsh ${command.join(' ')}`)
    return answer
  }

  #run([verb = '', ...all]: string[], isLast: boolean): string | undefined {
    const half = isLast && this.inTheMiddle
    if (isLast && !half) throw new Error('killed')
    const words = all.filter((word) => !word.startsWith('--'))
    const [first = '', second = '', third = ''] = words
    const name = words.at(-1) ?? ''
    const domain = this.domains.get(name)
    const volume = this.volumes.get(second)
    const put = (name: string, content: string): string => {
      this.volumes.set(name, half ? '' : content)
      if (half) throw new Error('killed')
      return ''
    }
    switch (verb) {
      case 'pool-dumpxml':
        return "<pool type='dir'><target><path>/pool</path></target></pool>"
      case 'pool-refresh':
        return ''
      case 'vol-list':
        return [...this.volumes.keys()].map((name) => ` ${name}   /pool/${name}\n`).join('')
      case 'vol-create-as':
        return put(second, '')
      case 'vol-upload':
        return put(second, readFileSync(third, 'latin1'))
      case 'vol-clone':
        return volume === undefined || this.volumes.has(third) ? undefined : put(third, volume)
      case 'vol-download':
        if (volume !== undefined) writeFileSync(third, volume, 'latin1')
        return volume === undefined ? undefined : ''
      case 'vol-info':
        return `Capacity:   ${volume?.length} bytes`
      case 'vol-delete':
        return this.volumes.delete(second) ? '' : undefined
      case 'define':
        return this.#define(readFileSync(first, 'utf8'))
      default:
        return domain === undefined ? undefined : this.#domain(verb, name, domain)
    }
  }

  #define(xml: string): string {
    const [, name = ''] = /<name>(.*)<\/name>/.exec(xml) ?? []
    this.domains.set(name, { state: 'shut off (unknown)', autostart: false, ...this.domains.get(name), xml })
    return ''
  }

  #domain(verb: string, name: string, domain: Domain): string {
    switch (verb) {
      case 'dumpxml':
        return domain.xml
      case 'domstate':
        return `${domain.state}\n`
      case 'start':
        domain.state = 'running (booted)'
        this.volumes.set(`${name}.console`, this.prints(domain.xml))
        return ''
      case 'shutdown':
      case 'destroy':
        domain.state = 'shut off (shutdown)'
        return ''
      case 'autostart':
        domain.autostart = true
        return ''
      case 'undefine':
        this.domains.delete(name)
        return ''
      default:
        throw new Error(`the test's hypervisor does not know ${verb}`)
    }
  }
}
