/*
 * The one policy that may make script addresses: workers and the service worker of this origin, and
 * nothing else. It is a classic script of its own so that it stands before any module runs; the
 * content policy allows neither inline code nor a second policy. Browsers without Trusted Types skip it.
 */
if (self.trustedTypes !== undefined) {
  self.trustedTypes.createPolicy('default', {
    createScriptURL(text) {
      const url = new URL(text, self.location.href);
      if (url.origin !== self.location.origin) throw new TypeError('script of another origin');
      return url.href;
    },
  });
}
