/**
 * Which origin this server's own pages have. With a public address there is one. Without, the server
 * listens on loopback only, and its pages have the origin that the request's `Host` names, if that is
 * a loopback name: a name that merely resolves to this machine (DNS rebinding) is not accepted, and a
 * page on another loopback port is another origin.
 */
const loopbackHost = /^(localhost|127(?:\.\d{1,3}){3}|\[::1\])(:\d{1,5})?$/;

export function createOriginsOf(publicUrl: string | null): (request: Request) => readonly string[] {
  return (request) => {
    if (publicUrl !== null) return [publicUrl];
    const host = request.headers.get('host') ?? '';
    return loopbackHost.test(host) ? [`http://${host}`] : [];
  };
}
