import { describe, expect, it } from 'vitest'
import { withKept } from './kept.ts'

const byHand = '<!-- Below stands what was measured by hand; npm run bench keeps it. -->\n\n## Names\n\nfast\n'

describe('a page of figures', () => {
  it('has what was measured now, what was measured before and not now, and what was measured by hand', () => {
    const before = `# Page\n\n## Machine\n\nold\n\n## Launch\n\n1 ms\n\n## API\n\n2 ms\n\n${byHand}`
    expect(withKept('# Page\n\n## Machine\n\nnew\n\n## API\n\n3 ms\n', before)).toBe(
      `# Page\n\n## Machine\n\nnew\n\n## API\n\n3 ms\n\n## Launch\n\n1 ms\n\n${byHand}`,
    )
  })

  it('is what was measured where there was none', () => {
    expect(withKept('# Page\n\n## API\n\n3 ms\n', '')).toBe('# Page\n\n## API\n\n3 ms\n')
  })
})
