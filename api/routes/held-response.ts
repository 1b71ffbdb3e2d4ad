/** A response that holds something, a permit for example, until its body was written or given up. */

export function heldUntilWritten(
  response: Response,
  release: () => void,
  /** A reader that takes nothing for so long is cut off; null waits for ever. */
  stallMs: number | null = null,
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
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        clearTimeout(stall);
        try {
          const { done, value } = await source.read();
          if (done) {
            end();
            return controller.close();
          }
          if (stallMs !== null) {
            stall = setTimeout(() => {
              end();
              controller.error(new Error('the reader took nothing for too long'));
              void source.cancel();
            }, stallMs);
          }
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
