/** Builds the pages into the Python package, so that the wheel carries them and no second web server is needed. */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants, gzip } from 'node:zlib'

import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'

const here = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const backend = process.env.CONSULT_DEV ?? 'http://127.0.0.1:8080'
const COMPRESSIBLE = /\.(js|css|html|svg|json|wasm|txt|map)$/
const SMALLEST_WORTH_COMPRESSING = 1024

async function filesUnder(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
}

/** Writes `.br` and `.gz` beside every text file: compressed once here, not at each request. */
function precompressed(): Plugin {
  return {
    name: 'consult-precompressed',
    apply: 'build',
    async closeBundle() {
      const folder = here('../consult/web/static')
      for (const file of await filesUnder(folder)) {
        if (!COMPRESSIBLE.test(file) || (await stat(file)).size < SMALLEST_WORTH_COMPRESSING) continue
        const bytes = await readFile(file)
        // The best quality costs the build ten seconds for the viewer, and saves each reader 64 kB of 766.
        const params = { [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length }
        await writeFile(`${file}.br`, await promisify(brotliCompress)(bytes, { params }))
        await writeFile(`${file}.gz`, await promisify(gzip)(bytes, { level: 9 }))
      }
    },
  }
}

export default defineConfig({
  plugins: [vue(), precompressed()],
  resolve: {
    alias: {
      '@': here('./src'),
      // vtk.js reaches xmlbuilder2 only to write XML files, which we never do; with Vite 8 its use of
      // node's `events` kills the production build at start.
      xmlbuilder2: here('./src/stubs/xmlbuilder2.ts'),
    },
  },
  build: {
    outDir: here('../consult/web/static'),
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 5000,
  },
  worker: { format: 'es' },
  // The image loader starts its own worker by URL and must not be pre-bundled; its CommonJS codecs must be.
  optimizeDeps: {
    exclude: ['@cornerstonejs/dicom-image-loader'],
    include: [
      '@cornerstonejs/core',
      '@cornerstonejs/metadata',
      '@cornerstonejs/tools',
      'dicom-parser',
      '@cornerstonejs/codec-libjpeg-turbo-8bit/decodewasmjs',
      '@cornerstonejs/codec-charls/decodewasmjs',
      '@cornerstonejs/codec-openjpeg/decodewasmjs',
      '@cornerstonejs/codec-openjph/wasmjs',
      '@cornerstonejs/codec-libjxl/decodewasmjs',
    ],
  },
  server: {
    proxy: {
      '/api': backend,
      '/dicom-web': backend,
      '/socket.io': { target: backend, ws: true },
    },
  },
})
