import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';

/** What an operation is answered with: the inner XML, or a refusal by its code. */
type Answer = string | { readonly refused: string };
type Answers = Readonly<Record<string, Answer | ((form: URLSearchParams, nth: number) => Answer)>>;

export interface IamLine {
  readonly endpoint: string;
  /** Each request: its operation, and the parameters named in `shown`. */
  readonly calls: string[];
  readonly headers: IncomingHttpHeaders[];
  answers: Answers;
  close(): Promise<void>;
}

export const refused = (code: string): Answer => ({ refused: code });
export const list = (tag: string, members: readonly string[], more = ''): string =>
  `<${tag}>${members.map((one) => `<member>${one}</member>`).join('')}</${tag}>${more || '<IsTruncated>false</IsTruncated>'}`;
/** How a listing says that there is another page, and which. */
export const andMore = (marker: string): string => `<IsTruncated>true</IsTruncated><Marker>${marker}</Marker>`;

/** IAM or STS over HTTP, answering as a test says, operation by operation; whatever is not said is an empty success. */
export async function iamLine(shown: readonly string[] = []): Promise<IamLine> {
  const counts = new Map<string, number>();
  const line = { calls: [] as string[], headers: [] as IncomingHttpHeaders[], answers: {} as Answers };
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const action = form.get('Action') ?? '';
    const nth = (counts.get(action) ?? 0) + 1;
    counts.set(action, nth);
    line.calls.push([action, ...shown.flatMap((name) => form.get(name) ?? [])].join(' '));
    line.headers.push(incoming.headers);
    const said = line.answers[action] ?? '<IsTruncated>false</IsTruncated>';
    const answer = typeof said === 'function' ? said(form, nth) : said;
    const isRefused = typeof answer === 'object';
    outgoing
      .writeHead(isRefused ? 403 : 200, { 'content-type': 'text/xml' })
      .end(
        isRefused
          ? `<ErrorResponse><Error><Code>${answer.refused}</Code><Message>x</Message></Error></ErrorResponse>`
          : `<${action}Response><${action}Result>${answer}</${action}Result></${action}Response>`,
      );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return Object.assign(line, {
    endpoint: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  });
}
