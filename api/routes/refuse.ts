/** The one shape of an error answer: `{"error": code, "message": text for people}`. */
export function refuse(status: number, error: string, message: string): Response {
  return Response.json({ error, message }, { status });
}
