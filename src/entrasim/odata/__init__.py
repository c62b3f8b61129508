"""The part of OData that Microsoft Graph's directory takes: query options, filters, pages."""
