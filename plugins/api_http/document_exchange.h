// Documents of the service, and the changes to the cluster that answer with one.
#ifndef GREY_PLUGINS_API_HTTP_DOCUMENT_EXCHANGE_H_
#define GREY_PLUGINS_API_HTTP_DOCUMENT_EXCHANGE_H_

#include "exchange.h"

namespace grey::http {

class DocumentExchange final : public Exchange, private KvDocumentDone {
 public:
  // A read of the document `name`, or with `arguments` the action `name`.
  DocumentExchange(const ApiContext* context, Loop* loop, const char* name)
      : context_(context), loop_(loop), name_(name) {}
  DocumentExchange(const ApiContext* context, Loop* loop, const char* name, std::string arguments)
      : context_(context),
        loop_(loop),
        name_(name),
        arguments_(std::move(arguments)),
        acts_(true) {}

  uint64_t timeout_ms = 5000;  // of an action

 private:
  void run() override;
  void done(uint32_t http_status, ByteView json) noexcept override;

  const ApiContext* context_;
  Loop* loop_;
  const char* name_;
  std::string arguments_;
  bool acts_ = false;
};

}  // namespace grey::http

#endif  // GREY_PLUGINS_API_HTTP_DOCUMENT_EXCHANGE_H_
