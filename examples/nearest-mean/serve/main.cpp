// SageMaker's ``serve``: /ping and /invocations on port 8080, from one thread.
//
// An answer takes microseconds a row, so nobody waits long behind another, and a slow sender
// holds up nobody: libevent calls back only when a request has arrived whole.
#include "../common/model.hpp"
#include "answer.hpp"

#include <csignal>
#include <cstdlib>
#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/keyvalq_struct.h>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>

namespace {

constexpr int LONGEST_BODY = 25 * 1024 * 1024;    // bytes: SageMaker's own limit
constexpr int LONGEST_HEADERS = 64 * 1024;        // bytes
constexpr int IDLE = 60;                          // seconds until a silent connection is closed
constexpr timeval GRACE = {.tv_sec = 0, .tv_usec = 500'000}; // for requests under way at the end

struct Server {
    Model model;
    std::unique_ptr<event_base, decltype(&event_base_free)> loop{event_base_new(), event_base_free};
    std::unique_ptr<evhttp, decltype(&evhttp_free)> http{evhttp_new(loop.get()), evhttp_free};
    evhttp_bound_socket *door = nullptr;
};

void reply(evhttp_request *request, const Answer &answer)
{
    evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type",
                      answer.content_type.c_str());
    const std::unique_ptr<evbuffer, decltype(&evbuffer_free)> body(evbuffer_new(), evbuffer_free);
    evbuffer_add(body.get(), answer.body.data(), answer.body.size());
    evhttp_send_reply(request, answer.status, nullptr, body.get());
}

void ping(evhttp_request *request, void *)
{
    reply(request, {200, "text/plain", ""}); // The model was loaded before the port was opened.
}

void invoke(evhttp_request *request, void *context)
{
    if (evhttp_request_get_command(request) != EVHTTP_REQ_POST)
        return reply(request, {405, "text/plain", "use POST"});
    const auto input = evhttp_request_get_input_buffer(request);
    const auto size = evbuffer_get_length(input);
    const auto data = reinterpret_cast<const char *>(evbuffer_pullup(input, -1));
    const auto headers = evhttp_request_get_input_headers(request);
    const auto type = evhttp_find_header(headers, "Content-Type");
    reply(request, answer(static_cast<Server *>(context)->model, type == nullptr ? "" : type,
                          {data == nullptr ? "" : data, size}));
}

void refuse(evhttp_request *request, void *)
{
    reply(request, {404, "text/plain", "there are GET /ping and POST /invocations"});
}

void stop(evutil_socket_t signal, short, void *context)
{
    const auto server = static_cast<Server *>(context);
    std::cout << "signal " << signal << ": finishing" << std::endl;
    if (server->door != nullptr)
        evhttp_del_accept_socket(server->http.get(), server->door);
    server->door = nullptr;
    event_base_loopexit(server->loop.get(), &GRACE);
}

// SageMaker names another port than 8080 where several containers share an endpoint.
std::uint16_t port()
{
    const char *given = std::getenv("SAGEMAKER_BIND_TO_PORT");
    if (given == nullptr)
        return 8080;
    const auto number = finite_number(given);
    if (number < 1 || number > 65535 || number != static_cast<std::uint16_t>(number))
        throw std::runtime_error(std::string("SAGEMAKER_BIND_TO_PORT is ") + given + ", no port");
    return static_cast<std::uint16_t>(number);
}

void serve()
{
    Server server{.model = load("/opt/ml/model/model.json")};
    const auto http = server.http.get();
    evhttp_set_max_body_size(http, LONGEST_BODY);
    evhttp_set_flags(http, EVHTTP_SERVER_LINGERING_CLOSE); // A refused sender reads the 413, too.
    evhttp_set_max_headers_size(http, LONGEST_HEADERS);
    evhttp_set_timeout(http, IDLE);
    evhttp_set_cb(http, "/ping", ping, nullptr);
    evhttp_set_cb(http, "/invocations", invoke, &server);
    evhttp_set_gencb(http, refuse, nullptr);
    for (const int signal : {SIGTERM, SIGINT})
        event_add(evsignal_new(server.loop.get(), signal, stop, &server), nullptr);
    const auto number = port();
    server.door = evhttp_bind_socket_with_handle(http, "0.0.0.0", number);
    if (server.door == nullptr)
        throw std::runtime_error("port " + std::to_string(number) + " cannot be opened");
    std::cout << "serving " << server.model.means.size() << " classes on port " << number
              << std::endl;
    event_base_dispatch(server.loop.get());
}

} // namespace

int main()
{
    std::signal(SIGPIPE, SIG_IGN); // A client that disconnects must not end the server.
    try {
        serve();
    } catch (const std::exception &error) {
        std::cerr << error.what() << std::endl;
        return EXIT_FAILURE;
    }
}
