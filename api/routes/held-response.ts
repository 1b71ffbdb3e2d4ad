/**
 * A response that holds something, a permit for example, until its body was written or given up. Whoever takes
 * nothing of it for `stallMs` is cut off, from the first moment on: a permit belongs to all households.
 */
export function heldUntilWritten(
  response: Response,
  release: () => void,
  stallMs: number,
): Response {
  if (response.body === null) {
    release();
    return response;
  }
  const source: ReadableStreamDefaultReader<Uint8Array> = response.body.getReader();
  let stall: NodeJS.Timeout | undefined;
  let isReleased = false;
  const end = (): void => {
    clearTimeout(stall);
    if (isReleased) return;
    isReleased = true;
    release();
  };
  const waitForReader = (controller: ReadableStreamDefaultController<Uint8Array>): void => {
    stall = setTimeout(() => {
      end();
      controller.error(new Error('the reader took nothing for too long'));
      void source.cancel();
    }, stallMs);
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start: waitForReader,
      pull: async (controller) => {
        clearTimeout(stall);
        try {
          const { done, value } = await source.read();
          if (done) {
            end();
            return controller.close();
          }
          waitForReader(controller);
          return controller.enqueue(value);
        } catch (error) {
          end();
          throw error;
        }
      },
      cancel: async (reason) => {
        end();
        await source.cancel(reason);
      },
    },
    { highWaterMark: 0 },
  );
  return new Response(body, response);
}
