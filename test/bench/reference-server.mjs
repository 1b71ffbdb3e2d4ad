/**
 * What the sync service is compared with: the least server that can pass a row on. POST inserts it in one
 * transaction and tells whoever streams, GET reads what came after a number. No accounts, no conflicts, no
 * history, no capture. Started by `visible.bench.ts` with DATABASE_URL; prints its port.
 */
import { createServer } from 'node:http';
import postgres from 'postgres';

const sql = postgres(process.env.DATABASE_URL, { max: 8, onnotice: () => undefined });
const streams = new Set();

async function readText(request) {
  let text = '';
  for await (const piece of request) text += piece;
  return text;
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://localhost');
  if (url.pathname === '/stream') {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(': open\n\n');
    streams.add(response);
    request.on('close', () => streams.delete(response));
    return;
  }
  let body;
  if (request.method === 'POST') {
    const { id, payload } = JSON.parse(await readText(request));
    const [row] = await sql.begin(
      (tx) => tx`insert into bare_row (id, payload) values (${id}, ${payload}) returning seq`,
    );
    body = { seq: Number(row.seq) };
    for (const stream of streams) stream.write(`event: row\ndata: ${JSON.stringify(body)}\n\n`);
  } else {
    const after = url.searchParams.get('after');
    body = await sql`select seq, id, payload from bare_row where seq > ${after} order by seq`;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

await sql`create table bare_row (seq bigint generated always as identity primary key, id text, payload text)`;
const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
});
server.listen(0, '127.0.0.1', () => console.log(server.address().port));
process.on('disconnect', () => process.exit(0));
