import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

// The built page is embedded into the server's binary and may live under any
// sub-path behind a proxy, so every asset address is relative (`base: './'`).
// In development the page comes from Vite and the server runs beside it;
// `WATCHALONG_DEV_SERVER` says where.
const server = process.env['WATCHALONG_DEV_SERVER'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  base: './',
  plugins: [svelte()],
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
  },
  server: {
    proxy: {
      '/api': { target: server, ws: true },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
