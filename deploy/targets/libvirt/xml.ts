const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' } as const

/** Text as it stands in XML, in content and in attributes. */
export function escapeXml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character as keyof typeof entities])
}

/** The other way round. */
export function unescapeXml(text: string): string {
  return Object.entries(entities).reduceRight(
    (all, [character, entity]) => all.replaceAll(entity, character),
    text,
  )
}
