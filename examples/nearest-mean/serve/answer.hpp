// From a request's body to its answer; knows nothing of HTTP but content types and statuses.
#pragma once

#include "../common/csv.hpp"
#include "../common/model.hpp"

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

struct Answer {
    int status;
    std::string content_type;
    std::string body;
};

// The request is wrong: answered with 400 and the words.
struct BadRequest : std::runtime_error {
    using std::runtime_error::runtime_error;
};

inline void require_width(const Model &model, std::size_t width, std::size_t number)
{
    if (width == model.features.size())
        return;
    std::string names;
    for (const auto &feature : model.features)
        names += (names.empty() ? "" : ", ") + feature;
    throw BadRequest("row " + std::to_string(number) + " has " + std::to_string(width) +
                     " values, not " + std::to_string(model.features.size()) + " (" + names + ")");
}

// Rows of numbers without a header → one class a line.
inline std::string answer_csv(const Model &model, std::string_view body)
{
    std::string answered;
    Row row(model.features.size());
    std::size_t number = 0;
    for (std::size_t start = 0; start < body.size();) {
        const auto end = std::min(body.find('\n', start), body.size());
        const auto line = trimmed(body.substr(start, end - start));
        start = end + 1;
        if (line.empty())
            continue;
        ++number;
        const auto values = fields(line);
        require_width(model, values.size(), number);
        try {
            std::transform(values.begin(), values.end(), row.begin(), finite_number);
        } catch (const std::invalid_argument &error) {
            throw BadRequest("row " + std::to_string(number) + ": " + error.what());
        }
        answered += model.classify(row) + '\n';
    }
    if (number == 0)
        throw BadRequest("the body has no row; send one row of numbers a line");
    return answered;
}

// {"instances": [[5.1, 3.5, 1.4, 0.2], …]} → {"predictions": ["setosa", …]}
inline std::string answer_json(const Model &model, std::string_view body)
{
    using nlohmann::json;
    constexpr int deepest = 3; // the object, its array of rows, and a row
    const std::string form = R"(send {"instances": [[number, …], …]})";
    json request;
    try {
        // Each level of nesting costs memory: a body of brackets alone would take it all.
        request = json::parse(body, [&](int depth, json::parse_event_t event, json &) {
            const bool opens =
                event == json::parse_event_t::array_start || event == json::parse_event_t::object_start;
            if (opens && depth >= deepest)
                throw BadRequest("the body is nested too deeply; " + form);
            return true;
        });
    } catch (const json::parse_error &error) {
        throw BadRequest("the body is no JSON: an error at byte " + std::to_string(error.byte));
    }
    if (!request.is_object() || !request.contains("instances") || !request["instances"].is_array() ||
        request["instances"].empty())
        throw BadRequest(form);
    json predictions = json::array();
    for (const auto &instance : request["instances"]) {
        const auto number = predictions.size() + 1;
        if (!instance.is_array())
            throw BadRequest("row " + std::to_string(number) + " is no array; " + form);
        require_width(model, instance.size(), number);
        const auto numeric = [](const json &value) { return value.is_number(); };
        if (!std::all_of(instance.begin(), instance.end(), numeric))
            throw BadRequest("row " + std::to_string(number) + " holds something else than numbers");
        predictions.push_back(model.classify(instance.get<Row>()));
    }
    return json{{"predictions", predictions}}.dump();
}

// "Text/CSV; charset=utf-8" → "text/csv"
inline std::string media_type(std::string_view header)
{
    std::string type(trimmed(header.substr(0, header.find(';'))));
    std::transform(type.begin(), type.end(), type.begin(),
                   [](unsigned char letter) { return std::tolower(letter); });
    return type;
}

inline Answer answer(const Model &model, std::string_view content_type, std::string_view body)
{
    const auto type = media_type(content_type);
    try {
        if (type == "text/csv")
            return {200, type, answer_csv(model, body)};
        if (type == "application/json")
            return {200, type, answer_json(model, body)};
    } catch (const BadRequest &error) {
        return {400, "text/plain", error.what()};
    }
    return {415, "text/plain",
            "content type " + shown(type) + " is not understood; send text/csv or application/json"};
}
