/** Which key of config/system.json takes a fragment. */
function keyOf(fragment: string): string {
  if (fragment === 'data') return 'data'
  if (fragment === 'mitigations') return 'kernel.mitigations'
  if (/^(lz4|zstd|xz)$/.test(fragment)) return 'image.compression'
  if (fragment.startsWith('image-')) return 'image.formats'
  return fragment.startsWith('platform-') ? 'kernel.platforms' : 'kernel.fragments'
}

/** Measured: a whole kernel on one CPU of 2024. */
const minutesOnOneCpu = 20

/**
 * Says why the kernel must be compiled and how long that takes: what differs from the last kernel that was built
 * here.
 *
 * @param previous inputs of that kernel; undefined when there is none
 */
export function compileReason(
  previous: Record<string, string> | undefined,
  inputs: Record<string, string>,
  jobs: number,
): string {
  const time = `about ${Math.ceil(minutesOnOneCpu / jobs)} minutes with ${jobs} ${jobs === 1 ? 'job' : 'jobs'}`
  const later = 'later builds take it from the cache'
  if (previous === undefined) return `The kernel is compiled for the first time here: ${time}; ${later}`
  const names = [...new Set([...Object.keys(previous), ...Object.keys(inputs)])]
  const changes = names
    .filter((name) => previous[name] !== inputs[name])
    .map((name) => changeOf(name, previous[name], inputs[name]))
  const why = changes.length === 0 ? 'it is no longer in the cache' : changes.join('; ')
  return `The kernel must be compiled: ${why}. This takes ${time}; ${later}`
}

function changeOf(name: string, before: string | undefined, now: string | undefined): string {
  const fragment = /^fragment (.+)$/.exec(name)?.[1]
  if (fragment === undefined) {
    if (before === undefined || now === undefined)
      return `${name} ${now === undefined ? 'is gone' : 'is new'}`
    const [old, current] = [before, now].map((value) => value.replace(/ ?(sha256:)?[0-9a-f]{64}$/, ''))
    return old === current ? `${name} changed` : `${name} changed from ${old} to ${current}`
  }
  const file = `kernel/config/${fragment}.config`
  if (before !== undefined && now !== undefined) return `${file} changed`
  return `"${keyOf(fragment)}" in the configuration ${now === undefined ? 'drops' : 'adds'} ${file}`
}
