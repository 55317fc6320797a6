SwaggerUIBundle({
  dom_id: "#page",
  url: new URL("openapi.json", document.baseURI).href,
  docExpansion: "list",
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null, // it would send the document to a service
});
