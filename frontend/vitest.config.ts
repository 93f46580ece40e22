/** Unit tests of pure logic and small components; pages are proved in a real browser by tests/browser. */
import { mergeConfig } from 'vite'
import { defineConfig } from 'vitest/config'

import shared from './vite.config.ts'

export default mergeConfig(
  shared,
  defineConfig({ test: { environment: 'happy-dom', include: ['src/**/*.test.ts'], passWithNoTests: false } }),
)
