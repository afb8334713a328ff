/** The first number with a dot in what a command prints of itself, or the first number. */
export function versionIn(text: string): string | undefined {
  return (/\d+(?:\.\d+)+/.exec(text) ?? /\d+/.exec(text))?.[0]
}

/** Whether a dotted version is not older than another. */
export function isAtLeast(version: string, wanted: string): boolean {
  const [have, want] = [version, wanted].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  )
  for (const [index, part] of (want ?? []).entries()) {
    const own = have?.[index] ?? 0
    if (own !== part) return own > part
  }
  return true
}
