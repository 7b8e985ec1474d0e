// {"instances": [[5.1, 3.5, 1.4, 0.2], …]} → {"predictions": ["setosa", …]}
//
// Each row is answered as it is read, and no tree of the document is built: a body of 25 MB would
// make one of hundreds, and hold up /ping for longer than SageMaker waits.
#pragma once

#include "../common/model.hpp"
#include "request.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

class Instances : public nlohmann::json_sax<nlohmann::json>
{
  public:
    explicit Instances(const Model &model) : model_(model) {}

    std::string predictions() const
    {
        if (rows_ == 0)
            throw BadRequest(FORM);
        return R"({"predictions":[)" + answered_ + "]}";
    }

    bool start_object(std::size_t) override { return enter(0); }
    bool end_object() override { return leave(); }
    bool end_array() override
    {
        if (depth_ == ROW)
            answer_row();
        return leave();
    }

    bool start_array(std::size_t) override
    {
        if (depth_ == 0)
            throw BadRequest(FORM);
        return enter(depth_);
    }

    bool key(std::string &name) override
    {
        if (name != "instances")
            throw BadRequest("unknown key " + shown(name) + "; " + FORM);
        return true;
    }

    bool number_integer(std::int64_t value) override { return add(static_cast<double>(value)); }
    bool number_unsigned(std::uint64_t value) override { return add(static_cast<double>(value)); }
    bool number_float(double value, const std::string &) override { return add(value); }
    bool null() override { return refuse_value(); }
    bool boolean(bool) override { return refuse_value(); }
    bool string(std::string &) override { return refuse_value(); }
    bool binary(nlohmann::json::binary_t &) override { return refuse_value(); }

    bool parse_error(std::size_t byte, const std::string &, const nlohmann::json::exception &) override
    {
        throw BadRequest("the body is not JSON: an error at byte " + std::to_string(byte));
    }

  private:
    static constexpr int ROWS = 2; // the depth within the array of rows
    static constexpr int ROW = 3;  // the depth within a row
    inline static const std::string FORM = R"(send {"instances": [[number, …], …]})";

    bool enter(int from)
    {
        if (depth_ != from || depth_ == ROW)
            throw BadRequest("the body is nested otherwise than expected; " + FORM);
        ++depth_;
        return true;
    }

    bool leave()
    {
        --depth_;
        return true;
    }

    bool add(double value)
    {
        if (depth_ != ROW)
            return refuse_value();
        row_.push_back(value);
        return true;
    }

    [[noreturn]] bool refuse_value()
    {
        const auto row = "row " + std::to_string(rows_ + 1);
        if (depth_ == ROW)
            throw BadRequest(row + " holds something else than numbers");
        throw BadRequest(depth_ == ROWS ? row + " is not an array; " + FORM : FORM);
    }

    void answer_row()
    {
        require_width(model_, row_.size(), ++rows_);
        answered_ += rows_ == 1 ? "" : ",";
        answered_ += nlohmann::json(model_.classify(row_)).dump();
        row_.clear();
    }

    const Model &model_;
    int depth_ = 0;
    std::size_t rows_ = 0;
    Row row_;
    std::string answered_;
};

inline std::string answer_json(const Model &model, std::string_view body)
{
    Instances instances(model);
    nlohmann::json::sax_parse(body, &instances);
    return instances.predictions();
}
