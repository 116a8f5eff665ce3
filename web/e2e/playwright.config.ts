// End-to-end tests: the real server, real media made by ffmpeg, real Chromium.
// `cargo xtask test e2e` prepares all three and says where they are.
import { defineConfig } from '@playwright/test';

import { FLAGS } from '../chromium.mjs';

export default defineConfig({
  testDir: '.',
  outputDir: '../test-results',
  // Several browsers play video in one test already: more at a time would measure the machine.
  workers: 1,
  fullyParallel: false,
  forbidOnly: true,
  // A test that fails now and then has found something.
  retries: 0,
  // Generous: a busy machine is slow, not wrong.
  timeout: 120_000,
  expect: { timeout: 20_000 },
  reporter: [['list']],
  use: {
    trace: 'retain-on-failure',
    screenshot: 'only-on-failure',
    launchOptions: {
      executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
      args: FLAGS,
    },
  },
  projects: [
    { name: 'e2e', testIgnore: ['faults/**', 'screenshots/**'] },
    { name: 'faults', testDir: 'faults' },
    { name: 'screenshots', testDir: 'screenshots' },
  ],
});
