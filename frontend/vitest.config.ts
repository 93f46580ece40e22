/** Unit tests of pure logic and small components; pages are proved in a real browser by tests/browser. */
import { mergeConfig } from 'vite'
import { defineConfig } from 'vitest/config'

import shared from './vite.config.ts'

export default mergeConfig(
  shared,
  // the tests are pure: sharing one page among their files takes seconds instead of minutes
  defineConfig({ test: { environment: 'happy-dom', isolate: false, include: ['src/**/*.test.ts'], passWithNoTests: false } }),
)
