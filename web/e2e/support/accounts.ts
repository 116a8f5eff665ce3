// Accounts for tests: made by the operator, logged in through the page.
import type { Locator, Page } from '@playwright/test';

import { expect, type People } from './fixtures';
import { ADMIN_KEY, type Server } from './server';

export const PASSWORD = 'correct horse battery';

/** Addresses must differ: the tests of one run share a server. */
let count = 0;
export function someEmail(): string {
  count += 1;
  return `someone-${process.pid}-${count}@example.org`;
}

export async function logIn(
  page: Page,
  server: Server,
  email: string,
  password = PASSWORD,
): Promise<void> {
  await page.goto(`${server.origin}/account`);
  await page.getByTestId('log-in-email').fill(email);
  await page.getByTestId('log-in-password').fill(password);
  await page.getByTestId('log-in').click();
}

/** The button that shows who one is. */
export function avatar(page: Page, name: string): Locator {
  return page.getByRole('button', { name: `${name}: account` });
}

/** An account that the operator made, logged in. */
export async function member(
  server: Server,
  people: People,
  name: string,
  options?: Parameters<People['open']>[1],
): Promise<{ page: Page; email: string }> {
  const email = someEmail();
  await server.call('admin/people', { email, name, password: PASSWORD }, ADMIN_KEY);
  const page = await people.open(server.origin, options);
  await logIn(page, server, email);
  await expect(avatar(page, name)).toBeVisible();
  return { page, email };
}
