import { svelte } from '@sveltejs/vite-plugin-svelte';
import type { Plugin } from 'vite';
import { defineConfig } from 'vitest/config';

// The built page is embedded into the server's binary and may live under any
// sub-path behind a proxy, so every asset address is relative (`base: './'`).
// In development the page comes from Vite and the server runs beside it;
// `WATCHALONG_DEV_SERVER` says where.
const server = process.env['WATCHALONG_DEV_SERVER'] ?? 'http://127.0.0.1:8080';

/** The server injects `<base>` by the depth of the path; in development this does. */
const injectBase: Plugin = {
  name: 'inject-base',
  apply: 'serve',
  transformIndexHtml: {
    order: 'pre',
    handler: (_html, context) => {
      const depth = (context.originalUrl ?? '/').split('?')[0]?.split('/').length ?? 2;
      const href = depth > 2 ? '../'.repeat(depth - 2) : './';
      return [{ tag: 'base', attrs: { href }, injectTo: 'head-prepend' }];
    },
  },
};

export default defineConfig({
  base: './',
  plugins: [svelte(), injectBase],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    // Inlined scripts and data URLs would need holes in the content security policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // hls.js and Shaka are fetched only where a film needs them; what everybody loads has a check of its own.
    chunkSizeWarningLimit: 1_000,
    rolldownOptions: {
      input: {
        index: 'index.html',
        docs: 'docs.html',
        watchparty: 'watchparty.html',
        watchpartyAdmin: 'watchparty-admin.html',
      },
    },
  },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
      '/media': { target: server },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
    // Simulated hours take seconds; on a busy machine some more. A test that hangs is still cut off.
    testTimeout: 60_000,
  },
});
