import { expect, it } from 'vitest';

import { type Document, operations, shape } from './read';

const doc: Document = {
  info: { title: 'T', version: '1' },
  paths: {
    '/rooms': {
      post: {
        tags: ['rooms'],
        summary: 'Open a room',
        requestBody: { content: { 'application/json': { schema: { $ref: '#/c/schemas/Open' } } } },
        responses: { '201': { description: 'Opened' } },
      },
    },
  },
  components: {
    schemas: {
      Open: {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, inner: { $ref: '#/c/schemas/Open' } },
      },
    },
  },
};

it('lists operations by tag with their bodies', () => {
  const [group] = operations(doc);
  expect(group?.tag).toBe('rooms');
  expect(group?.list[0]).toMatchObject({ method: 'POST', path: '/rooms', summary: 'Open a room' });
  expect(group?.list[0]?.body).toContain('name: string');
});

it('does not follow a schema into itself for ever', () => {
  expect(shape(doc, { $ref: '#/c/schemas/Open' })).toContain('inner?: ');
});
