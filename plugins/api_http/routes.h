// From a request to the exchange that answers it.
#ifndef GREY_PLUGINS_API_HTTP_ROUTES_H_
#define GREY_PLUGINS_API_HTTP_ROUTES_H_

#include <memory>

#include "exchange.h"
#include "request.h"

namespace grey::http {

// Never null: what cannot be served is an exchange with the error.
std::shared_ptr<Exchange> route(const ApiContext* context, Loop* loop, Request request);

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_ROUTES_H_
