/** Adds a step to a JSON pointer (RFC 6901). */
export function child(pointer: string, key: string | number): string {
  return `${pointer}/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`
}

/** Splits a JSON pointer into its steps. */
export function steps(pointer: string): string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** Writes a JSON pointer as a key: `/ports/1/guest` is `ports[1].guest`. */
export function keyOf(pointer: string): string {
  return steps(pointer)
    .map((step) => {
      if (/^\d+$/.test(step)) return `[${step}]`
      return /^[A-Za-z_$][\w$]*$/.test(step) ? `.${step}` : `[${JSON.stringify(step)}]`
    })
    .join('')
    .replace(/^\./, '')
}

/** Returns the value at a JSON pointer, or undefined. */
export function valueAt(value: unknown, pointer: string): unknown {
  return steps(pointer).reduce<unknown>(
    (found, step) =>
      typeof found === 'object' && found !== null && Object.hasOwn(found, step)
        ? (found as Record<string, unknown>)[step]
        : undefined,
    value,
  )
}

/** Returns whether two pointers are equal, or one of them contains the other. */
export function overlaps(one: string, other: string): boolean {
  return `${one}/`.startsWith(`${other}/`) || `${other}/`.startsWith(`${one}/`)
}
