import type { HostFacts } from '../../../build/host/facts.ts'

/** The facts of a Debian on which nothing is installed, with some of them replaced. */
export function debian(facts: Partial<HostFacts> = {}): HostFacts {
  return {
    platform: 'linux',
    arch: 'x64',
    glibc: '2.36',
    distribution: { name: 'Debian GNU/Linux 12 (bookworm)', manager: 'apt' },
    root: true,
    path: [],
    includes: [],
    memory: 8e9,
    ...facts,
  }
}
