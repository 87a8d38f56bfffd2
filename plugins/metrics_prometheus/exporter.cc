#include "exporter.h"

#include "hub_collectable.h"
#include "scrape_server.h"

namespace grey::prometheus {

Exporter::Exporter(Host* host) : PluginBase(host), face_(this, *this) {
  expose(MetricsExporter::kInterfaceId, &face_);
}

Exporter::~Exporter() = default;

Status Exporter::start(ErrorText* error) noexcept {
  const char* configured = host()->config()->text("network.metrics_addr");
  address_ = configured ? configured : "0.0.0.0:10080";
  std::string why;
  auto server =
      ScrapeServer::listen(address_, std::make_shared<HubCollectable>(host()->metrics_hub()), &why);
  if (!server.ok()) {
    const bool in_use = server.status().code == StatusCode::already_exists;
    set_error(error, "network.metrics_addr: cannot listen on " + address_ +
                         (in_use ? ": the address is in use" : ": " + why));
    return server.status();
  }
  server_ = std::move(server).value();
  if (address_.ends_with(":0")) {
    address_.replace(address_.size() - 1, 1, std::to_string(server_->port()));
  }
  return ok_status();
}

void Exporter::stop(Completion* done) noexcept {
  Loop* loop = host()->loop(0);
  auto end = [server = server_.release(), loop, done] {
    delete server;
    post(loop, [done] { done->complete(ok_status()); });
  };
  if (!submit(host()->workers(), end)) end();
}

}  // namespace grey::prometheus
