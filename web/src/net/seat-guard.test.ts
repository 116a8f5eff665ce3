import { expect, it } from 'vitest';

import { holdSeat, seatIsTaken } from './seat-guard';

it('a seat is taken while another tab holds it, and free afterwards', async () => {
  const release = holdSeat('one');
  expect(await seatIsTaken('one')).toBe(true);
  expect(await seatIsTaken('two')).toBe(false);
  release();
  expect(await seatIsTaken('one')).toBe(false);
});
