// As much of OpenAPI 3.1 as a reader needs: operations by tag, and schemas as
// indented text. Pure; unknown parts are left out rather than guessed.

export interface Schema {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  additionalProperties?: boolean | Schema;
}

interface Content {
  content?: Record<string, { schema?: Schema; example?: unknown }>;
  description?: string;
}

export interface Parameter {
  name: string;
  in: string;
  required?: boolean;
  description?: string;
  schema?: Schema;
}

interface RawOperation {
  summary?: string;
  description?: string;
  tags?: string[];
  parameters?: Parameter[];
  requestBody?: Content;
  responses?: Record<string, Content>;
}

export interface Document {
  info: { title: string; version: string; description?: string };
  paths: Record<string, Record<string, RawOperation>>;
  components?: { schemas?: Record<string, Schema> };
}

export interface Operation {
  method: string;
  path: string;
  summary: string;
  description: string;
  parameters: Parameter[];
  body: string | null;
  answers: { status: string; description: string; body: string | null }[];
}

const METHODS = ['get', 'post', 'put', 'patch', 'delete', 'head'];
/** Deeper than this a shape is named instead of shown. */
const MAX_DEPTH = 5;

export function operations(doc: Document): { tag: string; list: Operation[] }[] {
  const groups = new Map<string, Operation[]>();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const method of METHODS) {
      const raw = item[method];
      if (!raw) continue;
      const tag = raw.tags?.[0] ?? groupOf(path);
      const list = groups.get(tag) ?? [];
      groups.set(tag, list);
      list.push({
        method: method.toUpperCase(),
        path,
        summary: raw.summary ?? '',
        description: raw.description ?? '',
        parameters: raw.parameters ?? [],
        body: bodyText(doc, raw.requestBody),
        answers: Object.entries(raw.responses ?? {}).map(([status, answer]) => ({
          status,
          description: answer.description ?? '',
          body: bodyText(doc, answer),
        })),
      });
    }
  }
  return [...groups].map(([tag, list]) => ({ tag, list }));
}

/** Where nobody gave tags: "/api/v2/rooms/{code}" belongs to "rooms", "/health" to the server. */
function groupOf(path: string): string {
  return /^\/api\/v\d+\/([a-z-]+)/.exec(path)?.[1] ?? 'server';
}

function bodyText(doc: Document, content: Content | undefined): string | null {
  const first = Object.values(content?.content ?? {})[0];
  if (!first) return null;
  if (first.example !== undefined) return JSON.stringify(first.example, null, 2);
  return first.schema ? shape(doc, first.schema) : null;
}

/** A schema as indented text: `{ name: string, media?: … }`. */
export function shape(doc: Document, schema: Schema, depth = 0): string {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1) ?? '';
    const target = doc.components?.schemas?.[name];
    return target && depth < MAX_DEPTH ? shape(doc, target, depth) : name;
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const several = schema.oneOf ?? schema.anyOf;
  if (several) return several.map((each) => shape(doc, each, depth)).join(' | ');
  if (schema.allOf) return schema.allOf.map((each) => shape(doc, each, depth)).join(' & ');
  if (schema.properties) {
    if (depth >= MAX_DEPTH) return '{ … }';
    const pad = '  '.repeat(depth + 1);
    const lines = Object.entries(schema.properties).map(([key, value]) => {
      const optional = schema.required?.includes(key) ? '' : '?';
      const note = value.description ? `  // ${value.description.split('\n')[0]}` : '';
      return `${pad}${key}${optional}: ${shape(doc, value, depth + 1)}${note}`;
    });
    return `{\n${lines.join('\n')}\n${'  '.repeat(depth)}}`;
  }
  if (schema.items) return `[${shape(doc, schema.items, depth)}]`;
  const type = Array.isArray(schema.type) ? schema.type.join(' | ') : (schema.type ?? 'any');
  return schema.format ? `${type} (${schema.format})` : type;
}
